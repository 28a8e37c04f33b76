/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings as text for people and as JSON for programs. Pure. */

#include "base/json.h"
#include "tools/ctl/doctor_finding.h"

/* Names of files come from anyone who may write into a directory: no byte of theirs may
 * steer the terminal. */
static void put_safe(struct buf *out, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			buf_printf(out, "\\x%02x", *at);
		else
			buf_put_char(out, (char)*at);
	}
}

static void put_first(struct buf *out, const struct finding *finding)
{
	buf_printf(out, "%s: ", severity_name(finding->severity));
	put_safe(out, finding->sentence);
	buf_printf(out, " [%s]\n", finding->id);
	if (finding->evidence) {
		buf_put_str(out, "  shown by: ");
		put_safe(out, finding->evidence);
		buf_put_char(out, '\n');
	}
	if (finding->fix) {
		buf_put_str(out, "  mend it:  ");
		put_safe(out, finding->fix);
		buf_put_char(out, '\n');
	}
}

static void put_other(struct buf *out, const struct finding *finding)
{
	buf_printf(out, "  %-8s%-8s ", severity_name(finding->severity), finding->id);
	put_safe(out, finding->sentence);
	buf_put_char(out, '\n');
	if (finding->evidence) {
		buf_put_str(out, "                   shown by: ");
		put_safe(out, finding->evidence);
		buf_put_char(out, '\n');
	}
	if (finding->fix) {
		buf_put_str(out, "                   mend it:  ");
		put_safe(out, finding->fix);
		buf_put_char(out, '\n');
	}
}

static void put_clear(const struct findings *findings, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++) {
		if (findings->list[i].severity != SEVERITY_OK)
			continue;
		buf_printf(
			out, "%s %s", count++ ? "" : "\nnot the cause:", findings->list[i].id);
	}
	if (count)
		buf_put_char(out, '\n');
}

void findings_print(const struct findings *findings, bool is_verbose, struct buf *out)
{
	static const enum severity order[] = {
		SEVERITY_BLOCKED, SEVERITY_UNKNOWN, SEVERITY_WARN, SEVERITY_INFO, SEVERITY_OK};
	const struct finding *first = findings_first(findings, SEVERITY_BLOCKED);
	bool has_title = false;

	if (!first)
		first = findings_first(findings, SEVERITY_UNKNOWN);
	if (first)
		put_first(out, first);
	else
		buf_printf(out, "ok: %s\n", findings->clear);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (size_t k = 0; k < findings->count; k++) {
			const struct finding *finding = &findings->list[k];
			if (finding == first || finding->severity != order[i] ||
				(order[i] == SEVERITY_OK && !is_verbose))
				continue;
			if (!has_title)
				buf_put_str(out, "\nalso:\n");
			has_title = true;
			put_other(out, finding);
		}
	}
	if (!is_verbose)
		put_clear(findings, out);
}

static void put_member(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, ",\"%s\":", name);
	if (value)
		json_put_string(out, slice_str(value));
	else
		buf_put_str(out, "null");
}

static void put_json(struct buf *out, const struct finding *finding)
{
	buf_put_str(out, "{\"id\":");
	json_put_string(out, slice_str(finding->id));
	put_member(out, "title", finding->title);
	put_member(out, "severity", severity_name(finding->severity));
	put_member(out, "sentence", finding->sentence);
	put_member(out, "evidence", finding->evidence);
	put_member(out, "fix", finding->fix);
	buf_put_char(out, '}');
}

void findings_print_json(const struct findings *findings, struct buf *out)
{
	static const char *const verdicts[] = {"ok", "blocked", "unknown"};
	int status = findings_status(findings);
	const struct finding *first =
		findings_first(findings, status == 2 ? SEVERITY_UNKNOWN : SEVERITY_BLOCKED);

	buf_printf(out, "{\"verdict\":\"%s\",\"first\":", verdicts[status]);
	if (first)
		put_json(out, first);
	else
		buf_put_str(out, "null");
	buf_put_str(out, ",\"findings\":[");
	for (size_t i = 0; i < findings->count; i++) {
		if (i)
			buf_put_char(out, ',');
		put_json(out, &findings->list[i]);
	}
	buf_put_str(out, "]}\n");
}

void finding_print_line(const struct finding *finding, struct buf *out)
{
	buf_printf(out, "%s %s: ", finding->id, severity_name(finding->severity));
	put_safe(out, finding->sentence);
	buf_put_str(out, " | ");
	put_safe(out, finding->evidence ? finding->evidence : "-");
	buf_put_str(out, " | ");
	put_safe(out, finding->fix ? finding->fix : "-");
	buf_put_char(out, '\n');
}
