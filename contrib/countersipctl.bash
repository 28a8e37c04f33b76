# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of countersipctl for bash: its options, the doctor's, and the commands that the
# running daemon has. Goes to /usr/share/bash-completion/completions/countersipctl.

_countersipctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} socket=() i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket)
			[ $((i + 1)) -lt "$COMP_CWORD" ] && socket=(--socket "${COMP_WORDS[i+1]}")
			;;
		doctor)
			_countersipctl_doctor "$word" "$before"
			return
			;;
		esac
	done
	case $before in
	--socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--timeout)
		return
		;;
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
	local words='doctor --socket --timeout --json --list --version --help'
	[[ $word == -* ]] || words="doctor $(countersipctl "${socket[@]}" --timeout 1 --list 2>/dev/null)"
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

_countersipctl_doctor() {
	case $2 in
	doctor)
		mapfile -t COMPREPLY < <(compgen -W 'fifo tls identity ports' -- "$1")
		;;
	--path | --reply-dir | --root | --config | --ca | --crl | --fetch-ca | --certificate | --key)
		mapfile -t COMPREPLY < <(compgen -f -- "$1")
		;;
	--client)
		mapfile -t COMPREPLY < <(compgen -W 'apache php-fpm nginx' -u -- "$1")
		;;
	--server)
		mapfile -t COMPREPLY < <(compgen -W 'countersip kamailio opensips' -- "$1")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W '--path --client --server --reply-dir
			--reply-name --request --json --verbose --help' -- "$1")
		;;
	esac
}

complete -F _countersipctl countersipctl
