{{- /* Rendered by `npm run render`: do not edit, change generator/components/cloud-observability/netdata-parent.ts instead. */ -}}
{{- define "netdata-parent.netdata.conf" -}}
[global]
    hostname = netdata-parent
[db]
    db = dbengine
    dbengine tier 0 retention size = {{ $.Values.retentionMebibytes | toJson }}MiB
    replication period = {{ $.Values.replicationPeriod }}
[web]
    bind to = *:19998=dashboard|registry|badges^SSL=optional *:19999=streaming^SSL=force
    ssl certificate = /server/tls.crt
    ssl key = /server/tls.key
    tls version = 1.3
[logs]
    daemon = stderr
    collector = stderr
    health = stderr
    access = off
[ml]
    enabled = no
[plugins]
    enable running new plugins = no
    proc = no
    cgroups = no
    diskspace = no
    apps = no
[registry]
    enabled = no
{{- end -}}
