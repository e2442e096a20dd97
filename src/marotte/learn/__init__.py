"""The learning path: speech, teachers, labels, students, measures. Needs the extra `train`."""
