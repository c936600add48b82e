"""Wire formats to values and back. Pure: no sockets, no clock, no paddle."""
