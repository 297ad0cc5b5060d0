{{- /* Rendered by `npm run render`: do not edit, change generator/components/cloud-observability/jaeger.ts instead. */ -}}
{{- define "jaeger.jaeger.yaml" -}}
extensions:
  healthcheckv2:
    use_v2: true
    http:
      endpoint: "0.0.0.0:13133"
  jaeger_query:
    storage:
      traces: "main"
    http:
      endpoint: "0.0.0.0:16686"
    grpc:
      endpoint: "0.0.0.0:16685"
  jaeger_storage:
    backends:
      main:
        elasticsearch:
          server_urls:
            - {{ $.Values.elasticsearchUrl | toJson }}
          auth:
            basic:
              username: "${env:ES_USERNAME}"
              password_file: "/credentials/password"
          tls:
            ca_file: "/authority/ca.crt"
          indices:
            spans:
              date_layout: "2006-01-02"
              rollover_frequency: "day"
              shards: 1
              replicas: 0
            services:
              date_layout: "2006-01-02"
              rollover_frequency: "day"
              shards: 1
              replicas: 0
            dependencies:
              date_layout: "2006-01-02"
              rollover_frequency: "day"
              shards: 1
              replicas: 0
            sampling:
              date_layout: "2006-01-02"
              rollover_frequency: "day"
              shards: 1
              replicas: 0
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: "0.0.0.0:4317"
        max_recv_msg_size_mib: 32
processors:
  memory_limiter:
    check_interval: "1s"
    limit_percentage: 80
    spike_limit_percentage: 15
exporters:
  jaeger_storage_exporter:
    trace_storage: "main"
service:
  extensions:
    - "healthcheckv2"
    - "jaeger_storage"
    - "jaeger_query"
  pipelines:
    traces:
      receivers:
        - "otlp"
      processors:
        - "memory_limiter"
      exporters:
        - "jaeger_storage_exporter"
{{- end -}}
