#!/usr/bin/env bash
# `meson install` puts programs, units and samples where Debian expects them, and systemd finds nothing wrong with them.
. "$(dirname "$0")/harness.sh"

to=$dir/root
check "meson install" meson install -C "$build" --no-rebuild --destdir "$to"
prefix=$(meson introspect --buildoptions "$build" | json '[o["value"] for o in d if o["name"] == "prefix"][0]')
etc=$([ "$prefix" = /usr ] && echo /etc/steelyard || echo "$prefix/etc/steelyard")
units=$(dirname "$(find "$to" -name steelyard.service)")
doc=$prefix/share/doc/steelyard

for program in sbin/steelyard bin/steelyardctl bin/steelyard-replay; do
  check "$prefix/$program" "$to$prefix/$program" --version
done
for sample in "$to$doc"/examples/*.yaml; do
  check "${sample#"$to"}" "$to$prefix/sbin/steelyard" --check "$sample"
done
expect "samples" "$(find "$root/conf" -name '*.yaml' | wc -l)" "$(find "$to$doc/examples" -name '*.yaml' | wc -l)"
check "$doc/operating.md" test -s "$to$doc/operating.md"
check "$etc" test -d "$to$etc"
check "${units#"$to"}/steelyard.service" grep -qx "ExecStart=$prefix/sbin/steelyard --config $etc/steelyard.yaml" "$units/steelyard.service"
check "${units#"$to"}/steelyard@.service" grep -qx "ExecStart=$prefix/sbin/steelyard --config $etc/%i.yaml" "$units/steelyard@.service"
if [ "$prefix" = /usr ]; then
  expect "units are where systemd looks" "$(pkg-config --variable=systemdsystemunitdir systemd)" "${units#"$to"}"
fi

# systemd-analyze wants the program to be there.
mkdir "$dir/units"
for unit in steelyard steelyard@; do
  sed "s,^ExecStart=,&$to," "$units/$unit.service" > "$dir/units/$unit.service"
done
for unit in steelyard steelyard@blue; do
  [ -e "$dir/units/$unit.service" ] || cp "$dir/units/steelyard@.service" "$dir/units/$unit.service"
  systemd-analyze verify --man=no "$dir/units/$unit.service" 2>&1 | grep -F steelyard > "$dir/found" || true
  expect "what systemd-analyze says about $unit.service" "" "$(cat "$dir/found")"
done
