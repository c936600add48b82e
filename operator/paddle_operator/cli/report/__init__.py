"""kubectl paddle_sla report: reports made, fetched and shown as a table, JSON, CSV and a page."""
