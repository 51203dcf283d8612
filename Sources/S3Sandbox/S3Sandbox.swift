// S3Sandbox
