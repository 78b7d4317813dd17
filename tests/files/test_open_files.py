"""Files that are kept open: found where opening them would find the same, and closed at last."""

import gc
import os
import shutil
import threading

import pytest

from basehttpserver._files import open_files
from basehttpserver._files.open_files import CAN_KEEP_OPEN, IDLE_SECONDS, OpenFiles
from basehttpserver._files.served_folder import served_folder
from tests.forking import forks_beside_threads, is_true_in_child, needs_fork

pytestmark = pytest.mark.skipif(not CAN_KEEP_OPEN, reason="files that are open cannot be renamed")

#: Later than all that a test does, whatever clock the file system has.
LATER = (2_000_000_000, 2_000_000_000)


@pytest.fixture
def served(tmp_path):
    (tmp_path / "served/folder/below").mkdir(parents=True)
    (tmp_path / "served/top").write_bytes(b"top")
    (tmp_path / "served/folder/file").write_bytes(b"file")
    (tmp_path / "served/folder/below/deep").write_bytes(b"deep")
    (tmp_path / "others").mkdir()
    return tmp_path / "served"


@pytest.fixture(params=["all", "inside", "none"])
def folder(request, served):
    return served_folder(str(served), request.param)


@pytest.fixture(params=["inside", "none"])
def confined(request, served):
    return served_folder(str(served), request.param)


class Files(OpenFiles):
    """Leaves what it has returned when somebody says so."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.returned = []

    def find(self, folder, path):
        found = super().find(folder, path)
        self.returned += [] if found is None else [found]
        return found

    def open(self, folder, path):
        self.returned.append(super().open(folder, path))
        return self.returned[-1]

    def leave_all(self):
        while self.returned:
            self.returned.pop().leave()


@pytest.fixture
def most():
    return {}


@pytest.fixture
def files(most):
    cache = Files(**most)
    yield cache
    cache.leave_all()
    cache.close()


def content(file):
    return os.pread(file.descriptor, 1000, 0)


def is_refused(files, folder, path):
    try:
        files.open(folder, path)
    except OSError:
        return True
    return False


def open_paths():
    """Return what the descriptors of this process lead to."""
    gc.collect()
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue  # That of the listing itself.
    return found


def is_open(path):
    return any(found.startswith(str(path)) for found in open_paths())


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")


class TestFind:
    @pytest.mark.parametrize("name", ["top", "folder/file", "folder/below/deep"])
    def test_what_was_opened(self, files, folder, served, name):
        path = str(served / name)
        assert files.find(folder, path) is None
        opened = files.open(folder, path)
        assert files.find(folder, path) is opened
        assert content(opened) == (served / name).read_bytes()
        assert opened.status.st_size == len(content(opened))

    def test_other_paths_are_others(self, files, folder, served):
        files.open(folder, str(served / "top"))
        assert files.find(folder, str(served / "folder/file")) is None

    def test_other_rules_are_others(self, files, served):
        path = str(served / "top")
        files.open(served_folder(str(served), "all"), path)
        assert files.find(served_folder(str(served), "none"), path) is None
        assert files.find(served_folder(str(served.parent), "none"), path) is None

    @pytest.mark.parametrize("directory", ["", ".", "./"])
    def test_in_current_folder(self, files, served, monkeypatch, directory):
        monkeypatch.chdir(served)
        folder = served_folder(directory, "none")
        path = os.path.join(directory, "folder/file")
        opened = files.open(folder, path)
        assert files.find(folder, path) is opened
        monkeypatch.chdir(served.parent)
        assert files.find(folder, path) is None

    def test_changes_of_content_of_same_size_and_date_are_read(self, files, folder, served):
        path = served / "top"
        opened = files.open(folder, str(path))
        descriptor = os.open(path, os.O_WRONLY)
        os.pwrite(descriptor, b"new", 0)
        os.close(descriptor)
        found = files.find(folder, str(path)) or opened
        assert content(found) == b"new"


class TestChanged:
    """A file that is open, and no longer what its path leads to."""

    @pytest.fixture(params=["top", "folder/below/deep"])
    def path(self, request, served):
        return served / request.param

    @pytest.fixture(autouse=True)
    def opened(self, files, folder, path):
        return files.open(folder, str(path))

    def check(self, files, folder, path, expected):
        assert files.find(folder, str(path)) is None
        assert len(files) == 0
        opened = files.open(folder, str(path))
        assert content(opened) == expected
        assert opened.status.st_size == len(expected)
        assert files.find(folder, str(path)) is opened

    def test_replaced(self, files, folder, path, opened):
        kept = opened.status
        other = path.with_name("other")
        other.write_bytes(b"new")
        os.utime(other, ns=(kept.st_atime_ns, kept.st_mtime_ns))
        os.replace(other, path)
        self.check(files, folder, path, b"new")

    def test_truncated(self, files, folder, path):
        os.truncate(path, 1)
        self.check(files, folder, path, path.read_bytes())

    def test_grown(self, files, folder, path):
        with open(path, "ab") as file:
            file.write(b" and more")
        self.check(files, folder, path, path.read_bytes())

    def test_touched(self, files, folder, path):
        os.utime(path, LATER)
        self.check(files, folder, path, path.read_bytes())

    def test_changed_with_its_date_set_back(self, files, folder, path, opened):
        before = opened.status
        wait_for_another_change_time(path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.check(files, folder, path, path.read_bytes())

    def test_forbidden(self, files, folder, path):
        wait_for_another_change_time(path)
        path.chmod(0o600)
        self.check(files, folder, path, path.read_bytes())

    def test_deleted(self, files, folder, path):
        path.unlink()
        assert files.find(folder, str(path)) is None
        assert len(files) == 0
        with pytest.raises(FileNotFoundError):
            files.open(folder, str(path))

    def test_now_a_folder(self, files, folder, path):
        path.unlink()
        path.mkdir()
        self.check_refused(files, folder, path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
    def test_now_a_fifo(self, files, folder, path):
        path.unlink()
        os.mkfifo(path)
        self.check_refused(files, folder, path)

    def check_refused(self, files, folder, path):
        assert files.find(folder, str(path)) is None
        assert is_refused(files, folder, str(path))
        assert len(files) == 0


def wait_for_another_change_time(path):
    """Change nothing until the file system's clock has gone on."""
    probe = path.with_name("probe")
    while True:
        probe.write_bytes(b"")
        if os.stat(probe).st_ctime_ns > os.stat(path).st_ctime_ns:
            probe.unlink()
            return


class TestLinks:
    def test_folder_becomes_a_link_to_where_the_file_is_now(self, files, confined, served):
        """All of it is as it was when it was opened, but for the link."""
        path = str(served / "folder/below/deep")
        files.open(confined, path)
        outside = served.parent / "others/folder"
        (served / "folder").rename(outside)
        (served / "folder").symlink_to(outside)
        assert os.stat(path).st_size == 4
        assert files.find(confined, path) is None
        assert is_refused(files, confined, path)
        assert len(files) == 0

    def test_file_becomes_a_link_to_itself_outside(self, files, confined, served):
        path = served / "top"
        files.open(confined, str(path))
        path.rename(served.parent / "others/top")
        path.symlink_to(served.parent / "others/top")
        assert files.find(confined, str(path)) is None
        assert is_refused(files, confined, str(path))

    def test_folder_becomes_another_one(self, files, folder, served):
        path = served / "folder/file"
        files.open(folder, str(path))
        shutil.rmtree(served / "folder")
        (served / "folder").mkdir()
        path.write_bytes(b"FILE")
        assert files.find(folder, str(path)) is None
        assert content(files.open(folder, str(path))) == b"FILE"

    def test_by_a_link_that_leads_inside_it_is_opened_each_time(self, files, served):
        (served / "link").symlink_to("folder")
        folder = served_folder(str(served), "inside")
        path = str(served / "link/file")
        assert content(files.open(folder, path)) == b"file"
        assert files.find(folder, path) is None
        assert len(files) == 0

    def test_all_links_are_followed(self, files, served):
        (served / "link").symlink_to("folder")
        folder = served_folder(str(served), "all")
        path = str(served / "link/file")
        opened = files.open(folder, path)
        assert files.find(folder, path) is opened
        (served / "link").unlink()
        (served / "link").symlink_to("folder/below")
        assert files.find(folder, path) is None

    def test_served_folder_itself_may_be_a_link(self, files, served):
        entrance = served.parent / "entrance"
        entrance.symlink_to("served")
        folder = served_folder(str(entrance), "none")
        path = str(entrance / "folder/file")
        opened = files.open(folder, path)
        assert files.find(folder, path) is opened

    @pytest.mark.parametrize("name", ["folder/../top", "folder//file", "folder/./file"])
    def test_another_spelling_is_opened_each_time(self, files, confined, served, name):
        path = f"{served}/{name}"
        files.open(confined, path)
        assert files.find(confined, path) is None

    def test_outside(self, files, confined, served):
        secret = served.parent / "others/secret"
        secret.write_bytes(b"secret")
        for path in (str(secret), f"{served}/../others/secret"):
            assert is_refused(files, confined, path)
            assert confined.way_to(path) is None


class TestBounds:
    @pytest.fixture
    def most(self):
        return {"max_files": 2}

    @needs_proc
    def test_who_was_used_last_stays(self, files, folder, served):
        paths = [str(served / name) for name in ("top", "folder/file", "folder/below/deep")]
        for path in paths[:2]:
            files.open(folder, path)
        assert files.find(folder, paths[0])
        files.open(folder, paths[2])
        assert [files.find(folder, path) is not None for path in paths] == [True, False, True]
        files.leave_all()
        assert [is_open(path) for path in paths] == [True, False, True]

    @needs_proc
    def test_who_uses_a_file_keeps_it(self, files, folder, served):
        path = served / "top"
        opened = files.open(folder, str(path))
        files.close()
        path.unlink()
        assert content(opened) == b"top"
        assert is_open(path)
        files.leave_all()
        assert not is_open(path)

    def test_never_most_of_the_descriptors(self, monkeypatch):
        resource = pytest.importorskip("resource")
        monkeypatch.setattr(resource, "getrlimit", lambda kind: (64, 4096))
        assert OpenFiles()._max_files == 8
        monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY,) * 2)
        assert OpenFiles()._max_files == open_files.MAX_FILES

    @needs_proc
    def test_nothing_is_kept_after_the_end(self, files, folder, served):
        path = str(served / "top")
        files.open(folder, path)
        files.leave_all()
        assert is_open(served)
        files.close()
        assert not is_open(served)
        assert content(files.open(folder, path)) == b"top"
        assert files.find(folder, path) is None
        files.leave_all()
        assert not is_open(served)


class TestIdle:
    @needs_proc
    def test_is_closed(self, files, folder, served):
        idle, used = str(served / "top"), str(served / "folder/file")
        files.drop_idle(100)
        files.open(folder, idle)
        files.open(folder, used)
        files.drop_idle(100 + IDLE_SECONDS - 0.5)
        assert files.find(folder, used)
        files.leave_all()
        files.drop_idle(100 + IDLE_SECONDS)
        assert (is_open(idle), is_open(used)) == (False, True)
        files.drop_idle(100 + 2 * IDLE_SECONDS)
        assert len(files) == 0
        assert not is_open(served)

    @needs_proc
    def test_deleted_file_is_closed(self, files, folder, served):
        files.drop_idle(100)
        files.open(folder, str(served / "top"))
        files.leave_all()
        (served / "top").unlink()
        assert is_open(served / "top")
        files.drop_idle(100 + IDLE_SECONDS)
        assert not is_open(served / "top")


class TestRefused:
    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
    def test_fifo(self, files, folder, served):
        os.mkfifo(served / "fifo")
        with pytest.raises(OSError, match="Not a regular file"):
            files.open(folder, str(served / "fifo"))

    def test_folder(self, files, folder, served):
        with pytest.raises(OSError, match="Not a regular file"):
            files.open(folder, str(served / "folder"))

    def test_device(self, files):
        with pytest.raises(OSError, match="Not a regular file"):
            files.open(served_folder("/dev", "none"), "/dev/null")

    def test_name_that_no_file_can_have(self, files, folder, served):
        path = f"{served}/a\0b"
        assert files.find(folder, path) is None
        with pytest.raises(ValueError, match="null"):
            files.open(folder, path)


class TestThreads:
    NAMES = ("file0", "file1", "file2", "file3")

    @pytest.fixture
    def most(self):
        return {"max_files": 3}

    @pytest.fixture
    def wrong(self, files, folder, served):
        """What readers of files that are replaced meanwhile have read that was never there."""
        wrong = []
        has_ended = threading.Event()
        for name in self.NAMES:
            (served / name).write_bytes(b"0" * 10)

        def read(path):
            while not has_ended.is_set():
                file = OpenFiles.find(files, folder, path) or OpenFiles.open(files, folder, path)
                digits = content(file)
                file.leave()
                if len(digits) != file.status.st_size or len(set(digits)) != 1:
                    wrong.append(digits)

        def drop():
            now = 0.0
            while not has_ended.is_set():
                now += 0.5
                files.drop_idle(now)

        paths = [str(served / name) for name in self.NAMES]
        threads = [threading.Thread(target=read, args=(path,)) for path in paths * 2]
        threads.append(threading.Thread(target=drop))
        for thread in threads:
            thread.start()
        try:
            yield wrong
        finally:
            has_ended.set()
            for thread in threads:
                thread.join()

    def test_read_what_is_there(self, files, folder, served, wrong):
        for number in range(1, 50):
            for name in self.NAMES:
                partial = served / "partial"
                partial.write_bytes(str(number % 10).encode() * (10 + number))
                os.replace(partial, served / name)
        for name in self.NAMES:
            path = str(served / name)
            assert content(files.find(folder, path) or files.open(folder, path)) == b"9" * 59
        assert wrong == []


@needs_fork
@forks_beside_threads
def test_fork(files, folder, served):
    """A child begins anew, even where another thread held the lock, and takes nothing away."""
    path = str(served / "top")
    opened = files.open(folder, path)

    def is_right():
        return (
            len(files) == 0
            and content(opened) == b"top"
            and files.find(folder, path) is None
            and content(files.open(folder, path)) == b"top"
        )

    assert is_true_in_child(is_right, [files._lock])
    assert files.find(folder, path) is opened
    assert content(opened) == b"top"
