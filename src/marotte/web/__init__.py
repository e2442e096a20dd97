"""The page that plays an animation in a browser: `web` is its source, `dist` what is built."""
