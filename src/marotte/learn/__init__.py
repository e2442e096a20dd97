"""The learning path: speech, teachers, labels, students, metrics. It needs the extra `train`."""
