# SPDX-License-Identifier: GPL-3.0-or-later
"""Each gate of tools/check.py is shown something bad, and something that only looks bad."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import check  # noqa: E402
import csource  # noqa: E402

SPDX = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"
ARM = "\tcase %d:\n\t\treturn %d;\n"


class Gates(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def put(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run_gate(self, name):
        tree = check.Tree(self.root, lists=os.path.join(ROOT, "tools"))
        return list(check.GATES[name](tree))

    def assert_gate(self, gate, path, text, *expected):
        """expected: (line, rule) of each violation, in order."""
        self.put(path, text)
        found = [(v.line, v.rule) for v in self.run_gate(gate)]
        self.assertEqual(list(expected), found)

    def test_format(self):
        with open(os.path.join(ROOT, ".clang-format"), encoding="utf-8") as style:
            self.put("./.clang-format", style.read())
        self.assert_gate("format", "sbc/a.c", "int  f(void);\n", (1, "format"))
        self.assert_gate("format", "sbc/a.c", "int f(void);\n")

    def test_layers_upwards(self):
        self.put("include/sbc/sbc.h", SPDX)
        self.assert_gate("layers", "media/a.c", '#include "sbc/sbc.h"\n', (1, "layers"))

    def test_layers_sideways(self):
        self.put("include/policy/policy.h", SPDX)
        self.assert_gate("layers", "media/a.c", '\n#include "policy/policy.h"\n', (2, "layers"))

    def test_layers_private_header(self):
        self.put("media/stream.h", SPDX)
        self.assert_gate("layers", "sbc/a.c", '#include "media/stream.h"\n', (1, "layers"))

    def test_layers_downwards_is_allowed(self):
        self.put("include/base/buf.h", SPDX)
        self.put("media/stream.h", SPDX)
        self.assert_gate("layers", "media/a.c",
                         '#include "base/buf.h"\n#include "media/stream.h"\n#include <uv.h>\n')

    def test_layers_base_is_not_sbc(self):
        self.put("include/sbc/sbc.h", SPDX)
        self.assert_gate("layers", "sbc/base/a.c", '#include "sbc/sbc.h"\n', (1, "layers"))

    def test_layers_library(self):
        self.assert_gate("layers", "policy/a.c", "#include <srtp2/srtp.h>\n", (1, "layers"))

    def test_layers_unit_test(self):
        self.put("include/sbc/sbc.h", SPDX)
        self.assert_gate("layers", "tests/unit/media/test_a.c", '#include "sbc/sbc.h"\n',
                         (1, "layers"))

    def test_houses(self):
        self.assert_gate("houses", "sbc/a.c", "#include <curl/curl.h>\n", (1, "houses"))
        self.assert_gate("houses", "include/sbc/a.h", "#include <libfyaml.h>\n",
                         (1, "houses"), (1, "houses"))

    def test_houses_allow_their_owner_and_tests(self):
        self.assert_gate("houses", "sbc/http_get_thread.c", "#include <curl/curl.h>\n")
        self.assert_gate("houses", "tests/peers/a.c", "#include <curl/curl.h>\n")

    def test_houses_doors(self):
        self.put("include/media/media.h", SPDX)
        self.put("media/media.c", '#include "media/media.h"\n')
        self.assert_gate("houses", "sbc/a.c", '#include "media/media.h"\n', (1, "houses"))

    def test_function_length(self):
        self.assert_gate("functions", "sbc/a.c", "int f(void)\n{\n" + "\n" * 97 + "}\n")
        self.assert_gate("functions", "sbc/a.c", "int f(void)\n{\n" + "\n" * 98 + "}\n",
                         (1, "function-lines"))

    def test_complexity(self):
        arms = "".join(ARM % (i, i) for i in range(20))
        text = "int f(int a)\n{\n\tswitch (a) {\n%s\t}\n\treturn 0;\n}\n"
        self.assert_gate("functions", "sbc/a.c", text % arms, (1, "complexity"))
        self.assert_gate("functions", "sbc/a.c", text % arms.replace(ARM % (0, 0), ""))

    def test_complexity_counts_every_kind_of_branch(self):
        body = "{ if (a && b || c) for (;;) while (d ? e : f) g(); }"
        self.assertEqual(7, csource.complexity(body))
        self.assertEqual(2, csource.complexity("case A:\ncase B:\ndefault: break;"))

    def test_file_length(self):
        self.assert_gate("files", "sbc/a.c", "\n" * 800)
        self.assert_gate("files", "sbc/a.c", "\n" * 801, (801, "file-lines"))

    def test_variables(self):
        for text in ("static int count;\n", "int count = 3;\n", "static const char *name;\n",
                     "static struct { int a; } one;\n", "static _Thread_local int x;\n",
                     "static int table[] = {1, 2};\n", "static int (*handler)(const char *);\n",
                     "const int f(void)\n{\n\treturn 0;\n}\nstatic int count;\n"):
            self.put("sbc/a.c", text)
            found = self.run_gate("variables")
            self.assertEqual(["variables"], [v.rule for v in found], text)

    def test_constants_are_not_variables(self):
        for text in ("static const int count = 1;\n", "static const char *const name = \"\";\n",
                     "static const struct { const char *a; } table[] = {{\"x\"}};\n",
                     "static const struct {\n\tstruct {\n\t\tint b;\n\t} a;\n} t = {{1}};\n",
                     "int f(void)\n{\n\tstatic_assert(1, \"\");\n\tint here = 0;\n}\n"):
            self.put("sbc/a.c", text)
            self.assertEqual([], self.run_gate("variables"), text)

    def test_allowed_variable(self):
        self.assert_gate("variables", "sbc/base/mem.c", "static _Thread_local long fail_after;\n")

    def test_calls(self):
        text = "void f(void)\n{\n\tstrcpy(a, b);\n\tp = malloc(3);\n\tx = atoi (y);\n}\n"
        self.assert_gate("calls", "sbc/a.c", text, (3, "calls"), (4, "calls"), (5, "calls"))

    def test_calls_that_only_look_so(self):
        self.assert_gate("calls", "sbc/a.c",
                         "/* strcpy() */ char *s = \"malloc(1)\"; mem_free(p); o->free(o); "
                         "int n = '\"'; // gets(x)\n")

    def test_calls_of_the_allocator(self):
        self.assert_gate("calls", "sbc/base/mem.c", "p = malloc(1);\nfree(p);\n")

    def test_text(self):
        self.assert_gate("text", "sbc/a.c", SPDX + "/* " + "TO" + "DO later */\n",
                         (2, "promise"))
        self.assert_gate("text", "sbc/a.c", "int a;\n", (1, "licence"))
        self.assert_gate("text", "sbc/a.c", SPDX + "/* a todo list */\n")

    def test_folders(self):
        self.put("sbc/a.c", SPDX)
        self.assert_gate("folders", "scratch/a.c", SPDX, (1, "folders"))


class Output(unittest.TestCase):
    def test_one_line_each(self):
        violation = check.Violation("sbc/a.c", 7, "strcpy() is not used here", "calls")
        self.assertEqual("sbc/a.c:7: strcpy() is not used here (calls)",
                         check.describe(violation))


if __name__ == "__main__":
    unittest.main()
