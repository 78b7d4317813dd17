"""moto's server, asked by boto3: S3 mostly, which uploads in every way there is."""

import io
import uuid

import boto3
import botocore.client
import pytest

from tests.downstream.running import APPS
from tests.downstream.table import PROGRAMS

MEGABYTES = bytes(range(256)) * 4096 * 6

WAYS = {
    "ThreadedMotoServer": (APPS / "moto_app.py",),
    "moto_server": ("-m", "moto.server", "-p", "0"),
}


@pytest.fixture(scope="module", params=WAYS)
def moto(request, launch):
    with launch(*WAYS[request.param]) as program:
        yield program


@pytest.fixture
def make_client(moto):
    """Make clients of a service, to be closed at the end."""
    clients = []

    def make_client(service, **config):
        client = boto3.client(
            service,
            endpoint_url=moto.url(""),
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=botocore.client.Config(
                s3={"addressing_style": "path"}, retries={"max_attempts": 0}, **config
            ),
        )
        clients.append(client)
        return client

    yield make_client
    for client in clients:
        client.close()


@pytest.fixture
def s3(make_client):
    return make_client("s3")


@pytest.fixture
def bucket(s3):
    """A new bucket: the server is that of all tests."""
    name = f"bucket-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


def read(s3, bucket, key, **arguments):
    with s3.get_object(Bucket=bucket, Key=key, **arguments)["Body"] as body:
        return body.read()


def test_put_get_list_delete(moto, s3, bucket, side):
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"folder/{number} é", Body=b"%d" % number)
    found = s3.list_objects_v2(Bucket=bucket, Prefix="folder/")["Contents"]
    assert [item["Key"] for item in found] == [f"folder/{number} é" for number in range(5)]
    assert read(s3, bucket, "folder/3 é") == b"3"
    s3.delete_object(Bucket=bucket, Key="folder/3 é")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 4
    with pytest.raises(s3.exceptions.NoSuchKey):
        read(s3, bucket, "folder/3 é")
    if side == "basehttpserver":
        assert moto.lanes == PROGRAMS["moto"].lanes


def test_head(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=b"12345", ContentType="text/plain")
    told = s3.head_object(Bucket=bucket, Key="key")
    assert (told["ContentLength"], told["ContentType"]) == (5, "text/plain")


def test_range(s3, bucket):
    s3.put_object(Bucket=bucket, Key="key", Body=MEGABYTES)
    assert read(s3, bucket, "key", Range="bytes=1000-1999") == MEGABYTES[1000:2000]


def test_large_upload(s3, bucket):
    """boto3 sends ``Expect: 100-continue`` and waits a second for the answer."""
    s3.put_object(Bucket=bucket, Key="key", Body=MEGABYTES)
    assert read(s3, bucket, "key") == MEGABYTES


def test_upload_with_trailing_checksum(s3, bucket):
    """Of a stream: in ``aws-chunked`` within a body whose length is known."""
    s3.put_object(Bucket=bucket, Key="key", Body=io.BytesIO(MEGABYTES), ChecksumAlgorithm="SHA256")
    assert read(s3, bucket, "key") == MEGABYTES


def test_upload_in_parts(s3, bucket):
    s3.upload_fileobj(io.BytesIO(MEGABYTES * 2), bucket, "key")
    into = io.BytesIO()
    s3.download_fileobj(bucket, "key", into)
    assert into.getvalue() == MEGABYTES * 2


def test_other_services(make_client):
    """They answer by other protocols: JSON, and queries."""
    queues = make_client("sqs")
    url = queues.create_queue(QueueName="queue")["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody="hello")
    (message,) = queues.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "hello"
    assert make_client("sts").get_caller_identity()["Account"] == "123456789012"
