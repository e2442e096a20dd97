"""The viewer: a server, and the pages that show the face (`src`, bundled into `dist`)."""
