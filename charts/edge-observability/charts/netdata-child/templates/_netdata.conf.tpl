{{- /* Rendered by `npm run render`: do not edit, change generator/components/edge-observability/netdata-child.ts instead. */ -}}
{{- define "netdata-child.netdata.conf" -}}
[global]
    hostname = @NODE_NAME@
    is ephemeral node = no
[db]
    db = dbengine
    update every = {{ $.Values.updateEvery | toJson }}
    storage tiers = 1
    dbengine tier 0 retention size = {{ $.Values.retentionMebibytes | toJson }}MiB
    dbengine page cache size = 16MiB
    cleanup obsolete charts after = 7d
[host labels]
    cluster = {{ $.Values.cluster }}
[web]
    mode = none
[health]
    enabled = no
[logs]
    daemon = stderr
    collector = stderr
    health = stderr
    access = off
[ml]
    enabled = no
[registry]
    enabled = no
[plugins]
    enable running new plugins = no
    proc = yes
    diskspace = yes
    cgroups = yes
    apps = yes
    statsd = no
    tc = no
    idlejitter = no
    timex = no
{{- end -}}
