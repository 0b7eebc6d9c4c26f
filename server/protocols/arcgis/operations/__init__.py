"""Operations of an ImageServer resource, one a file."""
