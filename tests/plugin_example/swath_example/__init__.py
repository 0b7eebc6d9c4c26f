"""An example of plug-ins for Swath: copy what you need."""
