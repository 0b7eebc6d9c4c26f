"""From a question to its answer: kept in memory, kept on disk, an older one, or made by an instance."""
