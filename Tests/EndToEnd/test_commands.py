"""The commands around the mirror: help, version, ls, config check."""

import re
from urllib.parse import quote

import pytest

import samples
import servers as real


@pytest.mark.parametrize("arguments", [["--help"], ["mirror", "--help"], ["ls", "--help"], ["config", "--help"]],
                         ids=" ".join)
def test_help_is_printed_on_stdout(run, arguments):
    result = run(*arguments)
    assert "minio-sync" in result.stdout and result.stderr == ""
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_help_of_mirror_names_the_flags(run):
    text = run("mirror", "--help").stdout
    for flag in ("--once", "--remove", "--dry-run", "--json", "--exclude", "--include", "--state", "--max-delete",
                 "--no-overwrite", "--limit-upload", "--insecure", "--ca-file", "--quiet"):
        assert flag in text


def test_the_version_is_one_line(run):
    assert re.fullmatch(r"minio-sync \d+\.\d+\.\d+\S*\n", run("--version").stdout)


def test_no_arguments_are_a_usage_error(run):
    result = run(expect=2)
    assert result.stdout == "" and "minio-sync" in result.stderr


def test_ls_lists_buckets_folders_and_objects(run, pair_of):
    pair = pair_of("juicefs", "moto")
    for key in ("2.0/app.apk", "2.0/caf\u00e9", "notes.txt"):
        pair.put(key, b"12345")
    buckets = run("ls", "source", environment=pair.environment).stdout
    assert pair.source_bucket in buckets
    listed = run("ls", f"source/{pair.source_bucket}", environment=pair.environment).stdout
    assert "2.0/" in listed and "notes.txt" in listed and "app.apk" not in listed
    inside = run("ls", f"source/{pair.source_bucket}/2.0/", environment=pair.environment).stdout
    assert "app.apk" in inside and "caf\u00e9" in inside and "5" in inside


def test_ls_shows_no_control_characters(run, pair_of):
    pair = pair_of("juicefs", "moto")
    samples.put(pair.source, pair.source_bucket, "red\x1b[31m\nline")
    text = run("ls", f"source/{pair.source_bucket}", environment=pair.environment).stdout
    assert "\x1b" not in text and len(text.splitlines()) == 1


def test_config_check_explains_and_masks(run):
    environment = {"MC_HOST_main": f"http://{real.ACCESS_KEY}:{quote(real.SECRET_KEY, safe='')}@main.example.com:9000"}
    result = run("config", "check", environment=environment)
    assert "main" in result.stdout and "main.example.com:9000" in result.stdout
    assert real.ACCESS_KEY not in result.stdout and real.ACCESS_KEY[:4] in result.stdout
