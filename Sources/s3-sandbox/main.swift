print("s3-sandbox")
