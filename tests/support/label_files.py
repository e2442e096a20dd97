"""Labels written without a teacher: curves by utterance id in, one part's label file out."""

from marotte.learn.data.labels import LabelFormat


def write_labels(store, teacher, part, curves, fps, names, provenance):
    """Write one teacher's curves [n_frames, n_controls] for the utterances of a part."""
    label_format = LabelFormat(fps, tuple(names), provenance)
    with store.label_writer(teacher, part, label_format) as writer:
        for id, each in curves.items():
            writer.add(id, each)
