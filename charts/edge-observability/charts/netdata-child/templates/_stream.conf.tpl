{{- /* Rendered by `npm run render`: do not edit, change generator/components/edge-observability/netdata-child.ts instead. */ -}}
{{- define "netdata-child.stream.conf" -}}
[stream]
    enabled = yes
    destination = tcp:{{ $.Values.host }}:{{ $.Values.port | toJson }}:SSL
    api key = @STREAM_KEY@
    CAfile = {{ $.Values.authorityFile }}
    ssl skip certificate verification = no
    enable compression = yes
    reconnect delay = 15s
{{- end -}}
