"""Server-sent events: what every stream's answer says, so that no proxy keeps any of it back."""

MEDIA_TYPE = "text/event-stream"
#: NGINX and its like collect an answer unless it says not to (`x-accel-buffering`).
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
