#compdef portctl
# Completes the command lines of portctl in zsh.

_portctl() {
    local -a answer
    local kind number
    answer=("${(@f)$(command portctl __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    read -r kind number <<<"$answer[1]"
    shift answer
    case $kind in
        words)
            compset -p $number
            (( $#answer )) && _describe -V -t values portctl answer
            ;;
        files)
            compset -p $number
            _files
            ;;
        command)
            shift $((number + 1)) words
            (( CURRENT -= number + 1 ))
            if (( CURRENT == 1 )); then
                _command_names -e
            else
                _normal
            fi
            ;;
    esac
}

# As a file in fpath this is the body of the function, otherwise it is sourced.
if [[ $funcstack[1] == _portctl ]]; then
    _portctl "$@"
else
    compdef _portctl portctl
fi
