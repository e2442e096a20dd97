"""Running a student: over a whole recording, or over a stream in pieces."""
