# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of countersipctl for bash. What there is to say it asks for: countersipctl's own
# commands and options from its tables (--words), the daemon's commands when it runs (--list).
# Goes to /usr/share/bash-completion/completions/countersipctl.

_countersipctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local path=() socket=() words=() i
	COMPREPLY=()
	case $before in
	call.trace)
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -W 'from= to= peer=' -- "$word")
		return
		;;
	call.trace_stop)
		mapfile -t COMPREPLY < <(compgen -W 'all' -- "$word")
		return
		;;
	esac
	mapfile -t words < <(countersipctl --words 2>/dev/null)
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == --* ]]; then
			if _countersipctl_has "${COMP_WORDS[i]}=" "${words[@]}"; then
				[[ ${COMP_WORDS[i]} == --socket && $((i + 1)) -lt $COMP_CWORD ]] &&
					socket=(--socket "${COMP_WORDS[i+1]}")
				i=$((i + 1))
			fi
		elif _countersipctl_has "${COMP_WORDS[i]}" "${words[@]}"; then
			path+=("${COMP_WORDS[i]}")
			mapfile -t words < <(countersipctl "${path[@]}" --words 2>/dev/null)
		else
			words=() # what follows a command of the daemon is its own
		fi
	done
	if _countersipctl_has "$before=" "${words[@]}"; then
		_countersipctl_value "$word" "$before"
		return
	fi
	words=("${words[@]%=}")
	if [[ $word != -* ]]; then
		mapfile -t words < <(printf '%s\n' "${words[@]}" | grep -v '^-'
			_countersipctl_names)
	fi
	mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$word")
	case ${path[*]} in
	'identity verify' | 'identity sign' | 'identity cert' | 'rules test')
		[[ $word == -* ]] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
		;;
	esac
}

# Is the first one among the others?
_countersipctl_has() {
	local wanted=$1 one
	shift
	for one; do
		[[ $one == "$wanted" ]] && return 0
	done
	return 1
}

# Names that the daemon knows, at this place of the line. Uses what _countersipctl found.
_countersipctl_names() {
	local ask=(countersipctl "${socket[@]}" --timeout 1)
	case ${path[*]} in
	'')
		[[ ${#words[@]} -gt 0 ]] && "${ask[@]}" --list 2>/dev/null
		;;
	'peer show')
		"${ask[@]}" --json dispatcher.list 2>/dev/null |
			grep -o '"DUID":[[:space:]]*"[A-Za-z0-9._-]*"' | cut -d'"' -f4
		;;
	esac
}

_countersipctl_value() {
	case $2 in
	--path | --reply-dir | --root | --config | --ca | --crl | --fetch-ca | --certificate | \
		--key | --out | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$1")
		;;
	--client)
		mapfile -t COMPREPLY < <(compgen -W 'apache php-fpm nginx' -u -- "$1")
		;;
	--server)
		mapfile -t COMPREPLY < <(compgen -W 'countersip kamailio opensips' -- "$1")
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$1")
		;;
	--form)
		mapfile -t COMPREPLY < <(compgen -W 'full compact shaken rfc4474' -- "$1")
		;;
	--attest)
		mapfile -t COMPREPLY < <(compgen -W 'A B C' -- "$1")
		;;
	esac
}

complete -F _countersipctl countersipctl
