#!/usr/bin/env python3
"""The shell on a terminal: prompts, statements of several lines, completion, history, and a Ctrl-C that stops the
statement and not the shell. Usage: terminal.py SHELL [--editing]"""
import os
import pty
import select
import sys
import tempfile
import time

shell = sys.argv[1]
editing = '--editing' in sys.argv
TIMEOUT = 20


class Terminal:
    def __init__(self, history):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM='xterm', LC_ALL='C.UTF-8', PERLITE_HISTORY=history)
            os.execv(shell, [shell])
        self.pid = pid
        self.seen = b''

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, text):
        """Reads until `text` was printed, and forgets what was before."""
        wanted = text.encode()
        end = time.time() + TIMEOUT
        while wanted not in self.seen:
            left = end - time.time()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit('did not print %r; printed %r' % (text, self.seen.decode(errors='replace')[-2000:]))
            try:
                part = os.read(self.fd, 65536)
            except OSError:
                part = b''
            if not part:
                sys.exit('ended without %r; printed %r' % (text, self.seen.decode(errors='replace')[-2000:]))
            self.seen += part
        self.seen = self.seen[self.seen.index(wanted) + len(wanted):]

    def wait(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


with tempfile.TemporaryDirectory() as folder:
    history = folder + '/history'
    t = Terminal(history)
    t.expect('perlite> ')
    t.type('CREATE TABLE fruits(kind TEXT,\n')
    t.expect('...> ')
    t.type('count INTEGER);\n')
    t.expect('perlite> ')
    t.type("INSERT INTO fruits VALUES('quince', 3);\n")
    t.expect('perlite> ')
    t.type('SELECT kind FROM ' + ('fru\t' if editing else 'fruits') + ' WHERE 1;\n')
    t.expect('│ quince │')
    t.expect('perlite> ')
    t.type('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\n')
    time.sleep(1)
    t.type('\x03')
    t.expect('interrupted')
    t.expect('perlite> ')
    t.type('SELECT unfinished\x03')
    t.expect('perlite> ')
    t.type("SELECT 'still ' || 'here';\n")
    t.expect('│ still here')
    t.expect('perlite> ')
    t.type('.quit\n')
    if t.wait() != 0:
        sys.exit('exit code %d' % t.wait())
    if editing and 'quince' not in open(history).read():
        sys.exit('no history')
