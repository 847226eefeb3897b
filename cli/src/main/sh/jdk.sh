# Finds a JDK of at least the wanted release. Sourced by weft, mvnw, verify and .ci/run; POSIX sh, starts no process per JDK.

weft_jdk_release=25

# Prints the feature release of the Java home $1; fails where none can be read.
weft_java_release() {
    [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
    while IFS='=' read -r key value; do
        [ "$key" = JAVA_VERSION ] || continue
        value=${value#\"}
        value=${value%\"}
        value=${value%%[!0-9]*}
        [ -n "$value" ] && echo "$value" && return 0
    done <"$1/release"
    return 1
}

# Prints the home of a JDK: JAVA_HOME, then PATH, then the lowest sufficient release in the usual folders, since that is
# the one the project is tested with.
weft_find_jdk() {
    for home in "${JAVA_HOME:-}" "$(weft_home_on_path)"; do
        [ -n "$home" ] && [ -x "$home/bin/javac" ] || continue
        release=$(weft_java_release "$home") || continue
        [ "$release" -ge "$weft_jdk_release" ] && echo "$home" && return 0
    done
    best= best_release=
    for home in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/java/* /usr/local/jdk* /usr/local/lib/jvm/* \
        /opt/* /opt/java/* /opt/jdk/* /opt/jvm/* /snap/openjdk/current/jdk /home/linuxbrew/.linuxbrew/opt/openjdk*/libexec \
        "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/* \
        "${HOME:-/nonexistent}"/.local/share/mise/installs/java/* "${HOME:-/nonexistent}"/.asdf/installs/java/*; do
        [ -x "$home/bin/javac" ] || continue
        release=$(weft_java_release "$home") || continue
        [ "$release" -ge "$weft_jdk_release" ] || continue
        if [ -z "$best" ] || [ "$release" -lt "$best_release" ]; then
            best=$home best_release=$release
        fi
    done
    [ -n "$best" ] && echo "$best"
}

weft_home_on_path() {
    java=$(command -v java) && java=$(readlink -f "$java") && dirname "$(dirname "$java")"
}

weft_jdk_missing="no JDK $weft_jdk_release or newer found (JAVA_HOME, PATH, /usr/lib/jvm, /opt, ~/.sdkman, ~/.jdks): \
install one, e.g. \`apt-get install openjdk-$weft_jdk_release-jdk-headless\` where your system has it, or unpack one and set JAVA_HOME"
