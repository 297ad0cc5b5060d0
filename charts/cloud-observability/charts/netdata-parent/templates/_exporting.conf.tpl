{{- /* Rendered by `npm run render`: do not edit, change generator/components/cloud-observability/netdata-parent.ts instead. */ -}}
{{- define "netdata-parent.exporting.conf" -}}
[exporting:global]
{{ if $.Values.openTsdbExport }}    enabled = yes
{{ end }}[opentsdb:influxdb]
{{ if $.Values.openTsdbExport }}    enabled = yes
{{ end }}    destination = {{ $.Values.metricExport }}
    data source = average
    update every = 10
    buffer on failures = 100
    send hosts matching = !localhost *
    send names instead of ids = yes
{{- end -}}
