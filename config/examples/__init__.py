"""Example definitions, shipped as text beside this file."""
