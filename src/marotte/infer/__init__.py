"""Sound through a student: a whole recording, or a stream in pieces."""
