# Other processors.

machines() {
    [[ -e tools/machines.sh ]] || skip "there is no tools/machines.sh"
    bash tools/machines.sh
}

part machines
step "other machines" machines debian
