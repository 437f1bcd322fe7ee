#!/bin/sh
# Runs the session with curl: curl.sh URL..., where a URL may be `unix:PATH`.
allocation='{"app":"shop","instance":"main","service":"web"}'
for url; do
    set -- --silent --show-error --write-out '%{http_code}\n'
    case $url in
    unix:*)
        set -- "$@" --unix-socket "${url#unix:}"
        url=http://localhost
        ;;
    esac
    url=$url/v1/allocations
    curl "$@" --data "$allocation" "$url" \
        --next "$@" --request PUT --data "$allocation" "$url" \
        --next "$@" --data "$allocation" "$url" \
        --next "$@" "$url?app=shop" \
        --next "$@" --request DELETE --data '{"app":"shop"}' "$url" \
        --next "$@" "$url?app=shop" || exit
done
