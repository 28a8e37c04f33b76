// SPDX-License-Identifier: GPL-3.0-or-later
// Asking again and again: one question at a time, slower while nobody answers, not at all while
// nobody looks.
import {useCallback, useEffect, useRef, useState} from "./preact.js";

const SLOWEST_MS = 8000;

// ask() gives a promise. Its last value stays while later ones fail.
export function usePoll(ask, every, keys = []) {
	const [state, setState] = useState({data: null, error: null});
	const wake = useRef(() => {});

	useEffect(() => {
		let isOver = false, isBusy = false, timer = 0, wait = every;

		async function turn() {
			clearTimeout(timer);
			if (document.hidden || isOver || isBusy)
				return;
			isBusy = true;
			try {
				const data = await ask();
				wait = every;
				if (!isOver)
					setState({data, error: null});
			} catch (error) {
				wait = Math.min(2 * wait, SLOWEST_MS);
				if (!isOver)
					setState(before => ({data: before.data, error}));
				if (error.kind === "login")
					window.dispatchEvent(new Event("logged-out"));
			}
			isBusy = false;
			if (!isOver && wait)
				timer = setTimeout(turn, wait);
		}
		setState({data: null, error: null});
		wake.current = turn;
		document.addEventListener("visibilitychange", turn);
		turn();
		return () => {
			isOver = true;
			clearTimeout(timer);
			document.removeEventListener("visibilitychange", turn);
		};
	}, [every, ...keys]);
	return {...state, again: useCallback(() => wake.current(), [])};
}
