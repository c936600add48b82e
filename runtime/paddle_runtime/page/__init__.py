"""The page at `/`: drop a picture or type a text, see what the model makes of it. No build step."""
