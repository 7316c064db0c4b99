"""What the widget costs, measured: `make bench`."""
