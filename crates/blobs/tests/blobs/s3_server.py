"""An S3-compatible server (moto) on a free port, that checks signatures, with one bucket and one user.

Prints one line of JSON (endpoint, bucket, access_key_id, secret_access_key) when it is ready, and ends when its standard input does.
"""

import json
import os
import sys

# Checking begins after the four calls below.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "photos"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def client(service, endpoint):
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nobody"
    )


server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
iam = client("iam", endpoint)
iam.create_user(UserName="gewu")
iam.put_user_policy(UserName="gewu", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
key = iam.create_access_key(UserName="gewu")["AccessKey"]
client("s3", endpoint).create_bucket(Bucket=BUCKET)
ready = {
    "endpoint": endpoint,
    "bucket": BUCKET,
    "access_key_id": key["AccessKeyId"],
    "secret_access_key": key["SecretAccessKey"],
}
print(json.dumps(ready), flush=True)
sys.stdin.read()
server.stop()
