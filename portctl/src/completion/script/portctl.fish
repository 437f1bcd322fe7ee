# Completes the command lines of portctl in fish.

# Asks portctl, and keeps its completions. Fails if files are to be completed, which fish does then.
function __portctl_ask
    set -g __portctl_completions
    # Fish would print that it is missing.
    command -sq portctl; or return 0
    # fish 4 has -x in place of -o.
    set -l words (commandline -xpc 2>/dev/null; or commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l answer (command portctl __complete fish $words "$current" 2>/dev/null)
    set -l directive (string split ' ' -- "$answer[1]")
    switch "$directive[1]"
        case words
            set -e answer[1]
            set __portctl_completions $answer
        case files
            return 1
        case command
            set -l line "$current"
            if test (count $words) -gt $directive[2]
                set -l start (math $directive[2] + 1)
                set line (string join ' ' -- (string escape -- $words[$start..-1]) "$current")
            end
            set __portctl_completions (complete --do-complete="$line")
    end
    return 0
end

complete --command portctl --erase
complete --command portctl --condition __portctl_ask --keep-order --no-files --arguments '$__portctl_completions'
