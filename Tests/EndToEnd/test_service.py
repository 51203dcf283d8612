"""The systemd units and the scripts that install and remove them; everything goes below a folder of the test's own."""

import json
import os
import pathlib
import re
import shlex
import shutil
import stat
import subprocess

import pytest

import minio_sync

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
UNITS = ["minio-sync.service", "minio-sync@.service"]
AUDIT = ["minio-sync-audit.service", "minio-sync-audit.timer"]
MANUAL = REPOSITORY / "Sources/minio-sync/Documentation.docc"
DOCUMENTS = "usr/local/share/doc/minio-sync"
CONFIGURATION = "etc/minio-sync/minio-sync.yaml"
PLACES = "etc/minio-sync/audit.env"


def run(*command, expect=0):
    """What the command printed, both outputs; it must end with this code."""
    finished = subprocess.run([str(each) for each in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
    assert finished.returncode == expect, f"{command} ended with {finished.returncode}:\n{finished.stdout}"
    return finished.stdout


def files(root):
    """Every file and folder below `root`: its mode, and a file's bytes."""
    return {str(path.relative_to(root)): (stat.filemode(path.lstat().st_mode),
                                          path.read_bytes() if path.is_file() else None)
            for path in sorted(root.rglob("*"))}


@pytest.fixture
def program(tmp_path):
    """Stands for the built program."""
    path = tmp_path / "built" / "minio-sync"
    path.parent.mkdir()
    shutil.copy("/bin/true", path)
    return path


@pytest.fixture
def install(tmp_path, program):
    """Installs below a folder, which it returns."""
    def install(*flags, root=tmp_path / "root"):
        run(DEPLOY / "install", "--binary", program, "--root", root, *flags)
        return root
    return install


@pytest.fixture
def system(install):
    """An installed root with what a system has besides, so that systemd can read the units in their place."""
    def system(*flags):
        root = install(*flags)
        shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
        (root / "bin").mkdir()
        shutil.copy("/bin/kill", root / "bin/kill")
        return root
    return system


# Units

@pytest.mark.parametrize("unit", ["minio-sync.service", "minio-sync@apks.service", *AUDIT])
@pytest.mark.parametrize("flags", [[], ["--prefix", "/opt/minio-sync-1.0"]], ids=["usual", "prefix"])
def test_systemd_understands_the_units(system, unit, flags):
    assert run("systemd-analyze", "verify", "--man=no", f"--root={system(*flags)}", unit) == ""


@pytest.mark.parametrize("line", ["WatchdogSec=often", "NoSuchSetting=yes", "SystemCallFilter=@no-such-group"])
def test_the_check_of_units_sees_what_is_wrong(system, line):
    root = system()
    path = root / "etc/systemd/system/minio-sync.service"
    path.write_text(path.read_text().replace("[Service]", f"[Service]\n{line}"))
    assert "ignoring" in run("systemd-analyze", "verify", "--man=no", f"--root={root}", "minio-sync.service")


def test_the_check_of_units_sees_a_program_that_is_not_there(system):
    root = system()
    (root / "usr/local/bin/minio-sync").unlink()
    said = run("systemd-analyze", "verify", "--man=no", f"--root={root}", "minio-sync.service", expect=1)
    assert "/usr/local/bin/minio-sync is not executable" in said


@pytest.mark.parametrize("unit", [*UNITS, AUDIT[0]])
def test_the_service_is_shut_in(unit):
    said = run("systemd-analyze", "security", "--offline=true", "--threshold=20", DEPLOY / unit)
    assert re.search(r"Overall exposure level for \S+: [01]\.\d OK", said), said


def settings(unit):
    """The lines of a unit that mean something."""
    return [line for line in (DEPLOY / unit).read_text().splitlines() if line and not line.startswith("#")]


def test_both_units_differ_only_in_what_they_mirror():
    one, other = map(settings, UNITS)
    different = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    assert [pair[0].split("=")[0] for pair in different] == ["Description", "ExecStart", "StateDirectory"]
    assert different[1][1] == different[1][0] + " %i"


def joined(unit):
    """The settings of a unit, each with the lines that continue it."""
    return re.sub(r"\\\n\s*", "", "\n".join(settings(unit))).splitlines()


def words(unit, values):
    """The command line of a unit as systemd makes it of these variables."""
    line = next(line for line in joined(unit) if line.startswith("ExecStart=")).removeprefix("ExecStart=")
    line = re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], line)
    return [part for word in line.split() for part in (shlex.split(values[word[1:]]) if word[0] == "$" else [word])]


def test_an_audit_is_shut_in_as_the_mirror_is():
    mirror, audit = set(settings(UNITS[0])), set(joined(AUDIT[0]))
    assert not {line for line in mirror - audit if re.match(
        "(Protect|Private|Restrict|SystemCall|Capability|Ambient|NoNew|Lock|Memory|Limit|Load|User|Group)", line)}


def test_a_difference_fails_the_unit_of_the_audit():
    assert "SuccessExitStatus=130" in settings(AUDIT[0]) and "Type=oneshot" in settings(AUDIT[0])
    assert not any(line.startswith(("Restart=", "ExecStart=-")) for line in settings(AUDIT[0]))


def example():
    """The variables of the example of audit.env, and those that it shows as comments."""
    lines = (DEPLOY / "examples/audit.env").read_text().splitlines()
    return dict(line.removeprefix("#").split("=", 1) for line in lines if re.match("#?[A-Z]+=", line))


def test_the_audit_takes_all_variables_of_the_example_and_no_others():
    line = next(line for line in joined(AUDIT[0]) if line.startswith("Environment="))
    assert set(re.findall(r"(\w+)=", line.removeprefix("Environment="))) == set(example())
    assert set(example()) | {"STATE_DIRECTORY"} == set(re.findall(r"\$\{?(\w+)", "\n".join(joined(AUDIT[0]))))


def test_the_command_of_the_audit_writes_all_reports(fleet, tmp_path):
    """As the unit has it, with the program under test."""
    server = fleet["sandbox"]
    for name in ["audit-one", "audit-other"]:
        server.shared_client.create_bucket(Bucket=name)
        server.shared_client.put_object(Bucket=name, Key="a b/key", Body=b"x")
    state, collector = tmp_path / "state", tmp_path / "collector"
    state.mkdir()
    collector.mkdir()
    configuration = tmp_path / "minio-sync.yaml"
    configuration.write_text(json.dumps({"servers": {"main": {
        "url": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key}}}))
    command = words(AUDIT[0], {
        "STATE_DIRECTORY": str(state), "COLLECTOR": str(collector), "PLACES": "main/audit-one main/audit-other",
        "FLAGS": '--include="a b*"'})
    command[command.index("/etc/minio-sync/minio-sync.yaml")] = str(configuration)
    for expect, verdict, told in [(0, "identical", "identical"), (1, "different", "The places differ")]:
        assert told in run(minio_sync.program(), *command[1:], expect=expect).splitlines()[0]
        assert json.loads((state / "audit.jsonl").read_text().splitlines()[-1])["status"] == verdict
        assert (state / "audit.html").read_text().startswith("<!DOCTYPE html>")
        assert f'minio_sync_audit_status{{status="{verdict}"}} 1' in (collector / "minio-sync-audit.prom").read_text()
        assert {path.name for path in [*state.iterdir(), *collector.iterdir()]} == {
            "audit.html", "audit.jsonl", "minio-sync-audit.prom"}
        server.shared_client.put_object(Bucket="audit-other", Key="a b/key", Body=b"y")


# Installing

def test_installing_puts_everything_in_its_place(install):
    root = install()
    found = files(root)
    assert {name: mode for name, (mode, content) in found.items() if content is not None} == {
        "etc/minio-sync/audit.env": "-rw-------",
        "etc/minio-sync/minio-sync.yaml": "-rw-------",
        "etc/systemd/system/minio-sync-audit.service": "-rw-r--r--",
        "etc/systemd/system/minio-sync-audit.timer": "-rw-r--r--",
        "etc/systemd/system/minio-sync.service": "-rw-r--r--",
        "etc/systemd/system/minio-sync@.service": "-rw-r--r--",
        "etc/sysusers.d/minio-sync.conf": "-rw-r--r--",
        "usr/local/bin/minio-sync": "-rwxr-xr-x",
        f"{DOCUMENTS}/examples/audit.env": "-rw-r--r--",
        f"{DOCUMENTS}/examples/minio-sync.yaml": "-rw-r--r--",
        f"{DOCUMENTS}/examples/release": "-rwxr-xr-x",
    } | {f"{DOCUMENTS}/{article.name}": "-rw-r--r--" for article in MANUAL.glob("*.md")}
    assert found["etc/minio-sync/credentials"][0] == "drwx------"
    assert found[CONFIGURATION][1] == (DEPLOY / "examples/minio-sync.yaml").read_bytes()
    assert found[PLACES][1] == (DEPLOY / "examples/audit.env").read_bytes()
    for unit in UNITS + AUDIT:
        assert found[f"etc/systemd/system/{unit}"][1] == (DEPLOY / unit).read_bytes()
    for article in MANUAL.glob("*.md"):
        assert found[f"{DOCUMENTS}/{article.name}"][1] == article.read_bytes()


def documentation(root, unit):
    """The files below `root` that the unit calls its documentation."""
    text = (root / "etc/systemd/system" / unit).read_text()
    return [root / name.lstrip("/") for name in re.findall(r"^Documentation=file://(\S+)$", text, re.MULTILINE)]


@pytest.mark.parametrize("flags", [[], ["--prefix", "/usr"]], ids=["usual", "prefix"])
def test_the_manual_is_where_the_units_say(install, flags):
    root = install(*flags)
    for unit in UNITS + AUDIT:
        found = documentation(root, unit)
        assert len(found) == 2 and all(path.is_file() for path in found), unit


def test_links_of_the_installed_manual_lead_to_articles(install):
    folder = install() / DOCUMENTS
    links = {(article.name, target) for article in folder.glob("*.md")
             for target in re.findall(r"\]\(([^)#]+)[^)]*\)", article.read_text()) if "://" not in target}
    assert len(links) > 50 and not {link for link in links if not (folder / link[1]).is_file()}


def test_articles_of_an_older_version_are_taken_away(install):
    root = install()
    stale = root / DOCUMENTS / "README.md"
    stale.write_text("old")
    install()
    assert not stale.exists() and (root / DOCUMENTS / "minio-sync.md").is_file()


def test_a_prefix_is_written_into_the_units(install):
    root = install("--prefix", "/usr")
    assert os.access(root / "usr/bin/minio-sync", os.X_OK)
    assert (root / "usr/share/doc/minio-sync/minio-sync.md").is_file()
    assert not (root / "usr/local").exists()
    for unit in UNITS:
        text = (root / "etc/systemd/system" / unit).read_text()
        assert "ExecStart=/usr/bin/minio-sync mirror --watch" in text and "/usr/local" not in text
    text = (root / "etc/systemd/system" / AUDIT[0]).read_text()
    assert "ExecStart=/usr/bin/minio-sync audit" in text and "/usr/local" not in text


def test_an_audit_every_day_is_enabled_only_when_asked_for(install):
    wants = install() / "etc/systemd/system/timers.target.wants"
    assert not wants.exists()
    install("--enable-audit")
    assert [path.name for path in wants.iterdir()] == ["minio-sync-audit.timer"]
    assert os.readlink(wants / "minio-sync-audit.timer") == "/etc/systemd/system/minio-sync-audit.timer"


def test_installing_again_changes_nothing(install):
    root = install()
    before = files(root)
    install()
    assert files(root) == before


def test_installing_again_brings_the_program_and_the_units_up_to_date(install, program):
    root = install()
    (root / "etc/systemd/system/minio-sync.service").write_text("old")
    program.unlink()
    shutil.copy("/bin/false", program)
    # The old program may be running: it must be replaced, not written into.
    held = os.open(root / "usr/local/bin/minio-sync", os.O_RDONLY)
    install()
    assert (root / "usr/local/bin/minio-sync").read_bytes() == program.read_bytes()
    assert os.fstat(held).st_nlink == 0
    os.close(held)
    assert (root / "etc/systemd/system/minio-sync.service").read_text() != "old"


@pytest.mark.parametrize("name", [CONFIGURATION, PLACES])
@pytest.mark.parametrize("kind", ["file", "link", "broken link"])
def test_a_configuration_is_never_touched(install, tmp_path, name, kind):
    path = tmp_path / "root" / name
    path.parent.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere.yaml"
    if kind != "broken link":
        elsewhere.write_text("servers: {}\n")
        elsewhere.chmod(0o604)
    if kind == "file":
        elsewhere.rename(path)
    else:
        path.symlink_to(elsewhere)
    before = path.lstat()
    install()
    after = path.lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    if kind == "broken link":
        assert not elsewhere.exists()
    else:
        assert path.read_text() == "servers: {}\n" and stat.S_IMODE(path.stat().st_mode) == 0o604


@pytest.mark.parametrize("flags", [
    ["--prefix", "usr"], ["--prefix", "/usr/%i"], ["--prefix", "/a b"], ["--prefix", "/a|b"], ["--root"],
    ["--binary", "/no/such/file"], ["--binary", "/etc"]], ids=" ".join)
def test_what_cannot_be_meant_is_refused(tmp_path, program, flags):
    said = run(DEPLOY / "install", "--binary", program, "--root", tmp_path / "root", *flags, expect=1)
    assert said.startswith("deploy/install: ") and said.count("\n") == 1
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("script", ["install", "uninstall"])
def test_unknown_arguments_show_the_usage(script):
    assert run(DEPLOY / script, "--purgee", expect=2) == run(DEPLOY / script, "--help")


# Removing

@pytest.mark.parametrize("flags", [[], ["--prefix", "/opt/x"]], ids=["usual", "prefix"])
def test_uninstalling_keeps_configuration_and_state(install, flags):
    root = install(*flags)
    install(*flags, "--enable-audit")
    (root / CONFIGURATION).write_text("mirrors: {}\n")
    (root / PLACES).write_text("PLACES=a/b c/d\n")
    (root / "var/lib/minio-sync-audit").mkdir(parents=True)
    (root / "var/lib/minio-sync-audit/audit.html").write_text("report")
    (root / "etc/minio-sync/credentials/main").write_text("secret")
    (root / "var/lib/minio-sync").mkdir(parents=True)
    (root / "var/lib/minio-sync/state.db").write_text("state")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    for name in ["minio-sync.service", "minio-sync@apks.service"]:
        (wants / name).symlink_to(f"/etc/systemd/system/{'minio-sync@.service' if '@' in name else name}")
    drop_in = root / "etc/systemd/system/minio-sync.service.d/override.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nMemoryMax=2G\n")
    kept = {CONFIGURATION, PLACES, "etc/minio-sync/credentials/main", "var/lib/minio-sync/state.db",
            "var/lib/minio-sync-audit/audit.html",
            "etc/systemd/system/minio-sync.service.d/override.conf"}
    for _ in range(2):
        run(DEPLOY / "uninstall", "--root", root, *flags)
        assert {name for name in files(root) if not (root / name).is_dir() or (root / name).is_symlink()} == kept


def test_purging_leaves_nothing_of_ours(install):
    root = install("--enable-audit")
    stranger = root / "usr/local/bin/stranger"
    stranger.write_text("x")
    (root / "var/lib/minio-sync/apks").mkdir(parents=True)
    (root / "var/lib/minio-sync/apks/state.db").write_text("state")
    for name in ["minio-sync-audit/audit.html", "systemd/timers/stamp-minio-sync-audit.timer"]:
        (root / "var/lib" / name).parent.mkdir(parents=True)
        (root / "var/lib" / name).write_text("")
    for drop_in in ["minio-sync.service.d", "minio-sync@apks.service.d", "minio-sync-audit.timer.d"]:
        (root / "etc/systemd/system" / drop_in).mkdir()
        (root / "etc/systemd/system" / drop_in / "override.conf").write_text("[Service]\n")
    for _ in range(2):
        run(DEPLOY / "uninstall", "--root", root, "--purge")
        left = files(root)
        assert [name for name, (_, content) in left.items() if content is not None] == ["usr/local/bin/stranger"]
        assert not [name for name in left if "minio-sync" in name]


def test_a_round_trip_ends_where_it_began(install):
    root = install()
    before = files(root)
    run(DEPLOY / "uninstall", "--root", root)
    install()
    assert files(root) == before


# Scripts

def test_scripts_are_clean():
    scripts = [DEPLOY / "install", DEPLOY / "uninstall", DEPLOY / "packages", DEPLOY / "examples/release",
               REPOSITORY / "Tests/run"]
    assert run("shellcheck", "--external-sources", f"--source-path={REPOSITORY}", *scripts) == ""
