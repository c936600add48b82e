"""The project's images: built from the Dockerfile, kept as OCI images, handed to whatever cluster is used."""
