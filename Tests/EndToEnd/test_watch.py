"""`mirror --watch` keeps a replica: what is mirrored, on real servers, read back through boto3."""

import pytest

import oracle
import samples
from samples import MIB
from watching import uploads, wait_replica

#: Starts what the last tests of watching look at.
pytestmark = pytest.mark.usefixtures("steady")

#: Source and target, and how the changes of the source are learnt.
PAIRS = {"juicefs→juicefs-2": "listening", "seaweedfs→sandbox": "polling", "sandbox→seaweedfs": "listening"}
#: Short enough for tests; the servers have other work as well.
QUICK = ["--poll-interval", "200ms"]


@pytest.fixture(params=PAIRS)
def pair(request, pair_of):
    return pair_of(*request.param.split("→"))


@pytest.fixture
def quick_pair(pair_of):
    """For what does not depend on the servers."""
    return pair_of("juicefs", "juicefs-2")


def test_every_kind_of_change_arrives(request, pair, watch):
    samples.put_many(pair.source, pair.source_bucket, ((f"before/{number}", b"b") for number in range(5)))
    pair.put_target("extra")
    running = watch(pair, "--remove", *QUICK)
    assert running.wait_live().seen(PAIRS[request.node.callspec.params["pair"]])
    wait_replica(pair, watch=running)

    at_target = oracle.held_details(pair.target_server)
    details = {name: value for name, value in oracle.held_details(pair.source_server).items() if name in at_target}
    pair.put("new", b"one")
    pair.put("details", b"", **details)
    pair.put("size/5MiB", samples.bytes_of(5 * MIB, "5MiB"))
    samples.put_parts(pair.source, pair.source_bucket, "parts/uniform", [5 * MIB, 5 * MIB, 12345])
    wait_replica(pair, watch=running, details=True)

    pair.put("new", b"two")
    pair.put("before/1", b"c")
    for key in ("before/2", "size/5MiB"):
        pair.source.delete_object(Bucket=pair.source_bucket, Key=key)
    pair.source.copy_object(
        Bucket=pair.source_bucket, Key="before/3", CopySource={"Bucket": pair.source_bucket, "Key": "before/3"},
        MetadataDirective="REPLACE", Metadata={"changed": "yes"}, ContentType="text/plain")
    pair.source.copy_object(
        Bucket=pair.source_bucket, Key="moved", CopySource={"Bucket": pair.source_bucket, "Key": "before/4"})
    pair.source.delete_object(Bucket=pair.source_bucket, Key="before/4")
    wait_replica(pair, watch=running, details=True)

    pair.source.delete_object(Bucket=pair.source_bucket, Key="new")
    pair.put("new", b"six")
    wait_replica(pair, watch=running, details=True, contents=True)
    assert uploads(pair) == []
    running.until(lambda: running.standing()["pending"] == 0)
    assert running.stop() < 5
    assert not running.seen("retry") and not running.seen("failed")


def test_a_prefix_goes_to_a_prefix_and_its_wildcards_stand_for_themselves(quick_pair, watch):
    """MinIO takes the prefix of a subscription for a pattern: events of other keys come as well."""
    pair = quick_pair
    for key in ("in*put?/a", "inXputY/a", "in*put?0"):
        pair.put(key, b"before")
    for key in ("out/extra", "elsewhere/extra", "out0"):
        pair.put_target(key, b"extra")
    running = watch(pair, "--remove", source="in*put?/", target="out/").wait_live()
    pair.put("inXputY/b", b"outside")
    pair.put("in*put?/b*", b"inside")
    pair.put("in*put?/c/d", b"inside")
    pair.source.delete_object(Bucket=pair.source_bucket, Key="in*put?/a")
    wait_replica(pair, watch=running, source="in*put?/", target="out/")
    assert pair.target_keys() == ["elsewhere/extra", "out/b*", "out/c/d", "out0"]


def test_all_buckets_are_kept_and_new_ones_too(fleet, start_watch):
    source, target = fleet["juicefs-own"], fleet["juicefs-own-2"]
    ours, theirs = source.client(), target.client()

    def put(client, bucket, key, body=b"x"):
        samples.put(client, bucket, key, body)

    def same(bucket):
        try:
            return not oracle.differences(oracle.snapshot(ours, bucket), oracle.snapshot(theirs, bucket))
        except theirs.exceptions.NoSuchBucket:
            return False

    for bucket in ("first", "second"):
        ours.create_bucket(Bucket=bucket)
        put(ours, bucket, "a/b")
    for bucket in ("only-here", "second"):
        theirs.create_bucket(Bucket=bucket)
        put(theirs, bucket, "extra")
    running = start_watch("--remove", "source", "target",
                          environment={"MC_HOST_source": source.mc_host, "MC_HOST_target": target.mc_host})
    running.until(lambda: same("first") and same("second"), what="both buckets are mirrored")

    ours.create_bucket(Bucket="third")
    put(ours, "third", "new")
    put(ours, "first", "a/b", b"changed")
    running.until(lambda: same("first") and same("third"), what="a new bucket is mirrored")
    put(ours, "third", "newer")
    ours.delete_object(Bucket="third", Key="new")
    running.until(lambda: same("third"), what="and kept")
    ours.delete_object(Bucket="second", Key="a/b")
    ours.delete_bucket(Bucket="second")
    put(ours, "first", "after", b"the bucket is gone")
    running.until(lambda: same("first"), what="another bucket is mirrored on")

    assert {each["Name"] for each in theirs.list_buckets()["Buckets"]} >= {"first", "second", "third", "only-here"}
    assert oracle.keys(theirs, "only-here") == ["extra"]
    standings = running.status()
    assert {bucket for _, bucket in standings} >= {"first", "second", "third"}
    assert {standings["source", bucket]["state"] for bucket in ("first", "third")} <= {"listening", "reconciling"}
    assert running.stop() < 5


def test_filters_govern_copies_and_deletes(quick_pair, watch):
    pair = quick_pair
    pair.put("keep/before.tmp")
    pair.put_target("extra.tmp")
    pair.put_target("incoming/extra")
    running = watch(pair, "--remove", "--include", "keep/*", "--exclude", "*.tmp", "--exclude", "incoming/*").wait_live()
    for key in ("a.tmp", "incoming/b", "keep/c.tmp", "incoming-not/d"):
        pair.put(key)
    pair.source.delete_object(Bucket=pair.source_bucket, Key="keep/before.tmp")
    pair.put("last")
    running.wait("copied", key="last")
    wanted = ["extra.tmp", "incoming-not/d", "incoming/extra", "keep/c.tmp", "last"]
    running.until(lambda: pair.target_keys() == wanted, what=f"{wanted} on the target")


def test_nothing_is_deleted_without_remove(quick_pair, watch):
    pair = quick_pair
    pair.put("gone")
    pair.put_target("extra")
    running = watch(pair).wait_live()
    running.until(lambda: "gone" in pair.target_keys())
    pair.source.delete_object(Bucket=pair.source_bucket, Key="gone")
    pair.put("last")
    running.wait("copied", key="last")
    running.command("reconcile")
    running.wait("reconcile-end", reason="request")
    assert pair.target_keys() == ["extra", "gone", "last"] and running.seen("deleted") == []


def test_what_is_replaced_or_deleted_goes_to_the_trash(quick_pair, watch):
    pair = quick_pair
    for key in ("replaced", "deleted"):
        pair.put(key, b"old")
    running = watch(pair, "--remove", "--trash", ".trash").wait_live()
    running.until(lambda: len(pair.target_keys()) == 2)
    pair.put("replaced", b"new")
    pair.source.delete_object(Bucket=pair.source_bucket, Key="deleted")
    running.until(lambda: [key for key in pair.target_keys() if not key.startswith(".trash/")] == ["replaced"])
    running.wait("deleted", key="deleted")
    kept = pair.target_keys(".trash/")
    bodies = {pair.target.get_object(Bucket=pair.target_bucket, Key=f".trash/{key}")["Body"].read() for key in kept}
    assert len(kept) == 2 and bodies == {b"old"}
    running.command("reconcile")
    running.wait("reconcile-end", reason="request", extra=0)
    assert pair.target_keys(".trash/") == kept


def test_keys_are_kept_byte_for_byte(quick_pair, watch):
    pair = quick_pair
    bodies = {key: key.encode() for key in samples.KEYS}
    fates = [oracle.held_keys(each, bodies)[0] for each in (pair.source_server, pair.target_server)]
    keys = [key for key in bodies if all(fate[key] == "exact" for fate in fates)]
    assert len(keys) > 40 and {"or\u00e9", "ore\u0301", "pl+us", "%41", "star*", "[glob]?", "sp ace"} <= set(keys)
    running = watch(pair, "--remove").wait_live()
    samples.put_many(pair.source, pair.source_bucket, [(key, bodies[key]) for key in keys])
    wait_replica(pair, watch=running)
    # JuiceFS lists a folder that DeleteObjects left empty.
    gone = [key for key in keys if "/" not in key]
    for key in gone:
        pair.source.delete_object(Bucket=pair.source_bucket, Key=key)
    wait_replica(pair, watch=running)
    running.until(lambda: {line["key"] for line in running.seen("deleted")} == set(gone), what="all deletions are logged")


@pytest.mark.parametrize("behaviour", [{"encodesEventKeys": True, "pings": "ignored"}, {"pings": "refused"}],
                         ids=["encoded keys and blanks for pings, as in 2019", "no pings"])
def test_servers_that_tell_of_changes_in_their_own_way(pair_of, watch, behaviour):
    pair = pair_of("sandbox", "sandbox-2")
    pair.source_server.behave(**behaviour)
    try:
        running = watch(pair, "--remove").wait_live()
        keys = ["or\u00e9", "ore\u0301", "pl+us", "pl us", "%41", "A", "%2F", "a%20b", "<&>", "star*", "sla/sh", "back\\slash"]
        for key in keys:
            pair.put(key, key.encode())
        wait_replica(pair, watch=running)
        for key in ["%41", "pl+us", "%2F"]:
            pair.source.delete_object(Bucket=pair.source_bucket, Key=key)
        wait_replica(pair, watch=running)
        assert len(running.seen("reconcile-end")) == 1, "events told of all of it"
    finally:
        pair.source_server.behave()
