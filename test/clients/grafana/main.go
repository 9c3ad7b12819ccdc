// The calls that Grafana's X-Ray data source makes, through the same SDK, with its assumptions about the answers as checks:
// what it dereferences or ranges over without looking is asserted here. Prints "good", or one line for each problem.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"
)

var problems []string

func check(isGood bool, format string, values ...any) {
	if !isGood {
		problems = append(problems, fmt.Sprintf(format, values...))
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// Nodes of both graphs: Edges and histograms are mapped over.
func services(where string, nodes []types.Service) {
	check(len(nodes) > 0, "%s: no nodes", where)
	for _, node := range nodes {
		check(node.Edges != nil, "%s: a node without Edges", where)
		check(node.ReferenceId != nil, "%s: a node without ReferenceId", where)
		check(node.SummaryStatistics != nil || len(node.Edges) > 0, "%s: neither statistics nor edges", where)
		if node.SummaryStatistics != nil {
			check(node.ResponseTimeHistogram != nil, "%s: no ResponseTimeHistogram", where)
		}
		for _, edge := range node.Edges {
			check(edge.ResponseTimeHistogram != nil, "%s: an edge without ResponseTimeHistogram", where)
			check(int(*edge.ReferenceId) < len(nodes), "%s: an edge to nowhere", where)
			check(edge.SummaryStatistics != nil, "%s: an edge without statistics", where)
		}
	}
}

func main() {
	endpoint, traceID := os.Args[1], os.Args[2]
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := xray.New(xray.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("x", "x", ""),
	})
	start, end := time.Now().Add(-30*time.Minute), time.Now().Add(time.Minute)

	// Save & test, and the drop-down of groups.
	groups, err := client.GetGroups(ctx, &xray.GetGroupsInput{})
	must(err)
	check(len(groups.Groups) > 0 && *groups.Groups[0].GroupName == "Default", "GetGroups: no Default")

	// A trace by its id.
	traces, err := client.BatchGetTraces(ctx, &xray.BatchGetTracesInput{TraceIds: []string{traceID}})
	must(err)
	check(len(traces.Traces) == 1 && traces.Traces[0].Segments != nil, "BatchGetTraces: no segments")
	for _, segment := range traces.Traces[0].Segments {
		var document struct {
			ID        string  `json:"id"`
			Name      string  `json:"name"`
			StartTime float64 `json:"start_time"`
			EndTime   float64 `json:"end_time"`
		}
		must(json.Unmarshal([]byte(*segment.Document), &document))
		check(document.ID != "" && document.Name != "" && document.StartTime > 0 && document.EndTime > 0, "a document lacks id, name or times")
	}
	graph, err := client.GetTraceGraph(ctx, &xray.GetTraceGraphInput{TraceIds: []string{traceID}})
	must(err)
	services("GetTraceGraph", graph.Services)

	// The list of traces, page by page.
	rows := 0
	pages := xray.NewGetTraceSummariesPaginator(client, &xray.GetTraceSummariesInput{StartTime: &start, EndTime: &end})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(err)
		for _, summary := range page.TraceSummaries {
			rows++
			check(summary.Http != nil, "a summary without Http")
			check(summary.StartTime != nil, "a summary without StartTime")
		}
	}
	check(rows > 0, "GetTraceSummaries: no rows")

	// The service map.
	serviceMap, err := client.GetServiceGraph(ctx, &xray.GetServiceGraphInput{StartTime: &start, EndTime: &end, GroupName: aws.String("Default")})
	must(err)
	services("GetServiceGraph", serviceMap.Services)
	check(serviceMap.EndTime.After(*serviceMap.StartTime), "GetServiceGraph: an empty range")
	for _, node := range serviceMap.Services {
		check(node.StartTime != nil && node.EndTime != nil, "GetServiceGraph: a node without times")
	}
	_, err = client.GetServiceGraph(ctx, &xray.GetServiceGraphInput{StartTime: &start, EndTime: &end, GroupName: aws.String("")})
	must(err)

	// Time series.
	series, err := client.GetTimeSeriesServiceStatistics(ctx, &xray.GetTimeSeriesServiceStatisticsInput{StartTime: &start, EndTime: &end, Period: aws.Int32(60), GroupName: aws.String("Default")})
	must(err)
	check(len(series.TimeSeriesServiceStatistics) > 0, "GetTimeSeriesServiceStatistics: nothing")
	for _, row := range series.TimeSeriesServiceStatistics {
		if edge := row.EdgeSummaryStatistics; edge != nil {
			check(edge.OkCount != nil && edge.ErrorStatistics != nil && edge.FaultStatistics != nil && edge.TotalCount != nil && edge.TotalResponseTime != nil, "time series: a statistic is missing")
		}
	}

	// Analytics: four quarters of the range, sampled. Paths are indexed from 1, types dereferenced.
	quarter := end.Sub(start) / 4
	counted := 0
	for i := range 4 {
		from, to := start.Add(quarter*time.Duration(i)), start.Add(quarter*time.Duration(i+1))
		pages := xray.NewGetTraceSummariesPaginator(client, &xray.GetTraceSummariesInput{
			StartTime: &from, EndTime: &to, TimeRangeType: types.TimeRangeTypeEvent, Sampling: aws.Bool(true),
			SamplingStrategy: &types.SamplingStrategy{Name: types.SamplingStrategyNameFixedRate, Value: aws.Float64(1)},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			must(err)
			for _, summary := range page.TraceSummaries {
				counted++
				for _, cause := range summary.ResponseTimeRootCauses {
					check(len(cause.Services) > 0, "a cause without services")
					for _, service := range cause.Services {
						check(service.Name != nil && service.Type != nil && len(service.EntityPath) > 0, "a response time cause without name, type or path")
					}
				}
				for _, cause := range summary.ErrorRootCauses {
					for _, service := range cause.Services {
						check(service.Name != nil && service.Type != nil, "an error cause without name or type")
						for _, entity := range service.EntityPath {
							for _, exception := range entity.Exceptions {
								check(exception.Name != nil, "an exception without a name")
							}
						}
					}
				}
			}
		}
	}
	check(counted == rows, "the quarters have %d traces, the whole %d", counted, rows)

	// Insights.
	insights, err := client.GetInsightSummaries(ctx, &xray.GetInsightSummariesInput{StartTime: &start, EndTime: &end, GroupName: aws.String("Default")})
	must(err)
	for _, insight := range insights.InsightSummaries {
		check(insight.RootCauseServiceId != nil && len(insight.TopAnomalousServices) > 0 && len(insight.Categories) > 0, "an insight lacks a member")
	}

	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
	fmt.Println("good")
}
