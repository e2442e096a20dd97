"""What the layers of a student know, by phoneme and viseme."""
