# Completes the command lines of portctl in bash.

_portctl() {
    local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} gap word i last=-1 answer kind number
    local -a words starts
    COMPREPLY=()
    # Bash splits words at characters such as `=` and `:`. Pieces without a blank between them are one word.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        gap=${line%%[![:space:]]*}
        line=${line:${#gap}}
        # The cursor may stand within the word.
        [[ ${line:0:${#word}} == "$word" ]] || word=$line
        line=${line:${#word}}
        if [[ $last -lt 0 || -n $gap ]]; then
            last=$((last + 1))
            starts[last]=$i
            words[last]=
        fi
        words[last]+=$word
    done
    answer=$(command portctl __complete bash "$COMP_WORDBREAKS" "${words[@]:1}" 2>/dev/null) || return 0
    {
        read -r kind number
        case $kind in
            words)
                while IFS= read -r word; do COMPREPLY+=("$word"); done
                ;;
            files)
                compopt -o default -o bashdefault 2>/dev/null
                ;;
            command)
                number=$((number + 1))
                if declare -F _command_offset >/dev/null; then
                    # Of the package bash-completion.
                    _command_offset "${starts[number]}"
                elif [[ $number -eq $last && ${words[last]} != */* ]]; then
                    while IFS= read -r word; do
                        type -P -- "$word" >/dev/null && COMPREPLY+=("$(printf %q "$word")")
                    done < <(compgen -c -- "${words[last]}" | command sort -u)
                else
                    compopt -o default -o bashdefault 2>/dev/null
                fi
                ;;
        esac
    } <<<"$answer"
}

# Bash 3.2 has no compopt, so there files are offered wherever nothing else is.
if type compopt >/dev/null 2>&1; then
    complete -F _portctl portctl
else
    complete -o default -F _portctl portctl
fi
