"""Live sound in, frames out to other programs, each device in a thread of its own."""
