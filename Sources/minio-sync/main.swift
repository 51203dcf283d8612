print("minio-sync")
