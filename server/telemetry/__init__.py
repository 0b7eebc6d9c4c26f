"""What the server tells of itself: logs, a journal of requests, traces; metrics have their own folder."""
