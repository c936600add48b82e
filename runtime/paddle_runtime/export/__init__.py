"""From a `paddle.nn.Layer` in a user's file to a bundle. Serving never imports this."""
