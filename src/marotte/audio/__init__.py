"""Sound in: files and arrays of any sample rate become mono samples at 16 kHz."""
