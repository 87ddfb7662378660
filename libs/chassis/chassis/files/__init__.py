"""Files of any size, in parts: stored in the service's own database or in an S3 bucket, checked before
use."""
