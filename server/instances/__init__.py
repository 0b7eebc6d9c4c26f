"""Processes that render: how they are forked, fed, watched and stopped."""
