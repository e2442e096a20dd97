"""Sound in: files and arrays of any rate become 16 kHz mono samples."""
