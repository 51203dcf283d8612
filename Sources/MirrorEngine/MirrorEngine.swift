// MirrorEngine
