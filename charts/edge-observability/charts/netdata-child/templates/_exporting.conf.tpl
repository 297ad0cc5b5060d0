{{- /* Rendered by `npm run render`: do not edit, change generator/components/edge-observability/netdata-child.ts instead. */ -}}
{{- define "netdata-child.exporting.conf" -}}
[exporting:global]
    enabled = yes
[graphite:edge]
    enabled = yes
    destination = 127.0.0.1:{{ $.Values.metricsPort | toJson }}
    data source = average
    update every = {{ $.Values.exportEvery | toJson }}
    buffer on failures = 100
    send names instead of ids = yes
    send configured labels = no
    send automatic labels = no
{{- end -}}
