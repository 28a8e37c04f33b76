// SPDX-License-Identifier: GPL-3.0-or-later
// Before anything is drawn: the theme that was chosen here, else the system's.
(() => {
	let theme = "auto";
	try {
		theme = localStorage.getItem("theme") || "auto";
	} catch {
		// No storage: the system's.
	}
	if (theme !== "auto")
		document.documentElement.dataset.theme = theme;
})();
