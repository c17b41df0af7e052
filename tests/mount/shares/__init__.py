"""Folders that Samba, FTP, SFTP and WebDAV share."""
