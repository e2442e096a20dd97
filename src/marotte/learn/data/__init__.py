"""A corpus on disk and in memory: utterances, labels, splits, augmentation."""
